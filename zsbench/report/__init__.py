"""Static pages of records: the leaderboard of a results folder, and the report of one run."""

from __future__ import annotations

from zsbench.report.site import SiteOptions, SiteSummary, build_leaderboard, build_report_pages

__all__ = ["SiteOptions", "SiteSummary", "build_leaderboard", "build_report_pages"]
