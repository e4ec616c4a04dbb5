"""What a module runs is found without importing it."""

from __future__ import annotations

import os
import py_compile
import sys
import sysconfig
from pathlib import Path

import pytest

from zsbench.code import CodeHashes
from zsbench.errors import PluginContractError
from zsbench.fingerprints import FileHashes


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes files of packages that Python finds."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_py", ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8") if isinstance(content, str) else path.write_bytes(content)
        return tmp_path

    return put


def find(*roots, without=()):
    """The code of some modules, remembered nowhere."""
    return CodeHashes(FileHashes()).find(roots, without=without)


def test_a_closure_holds_local_modules_by_content_and_libraries_by_version(write):
    """And the packages around them; nothing of Python itself."""
    write(zcp__init_py="", zcp__a_py="import json, numpy\nfrom zcp import b\n", zcp__b_py="B = 1\n")
    (write() / "zcp" / "__init__.py").write_text("")
    code = find("zcp.a")
    assert {"zcp", "zcp.a", "zcp.b"} <= set(code.modules)
    assert code.libraries.keys() == {"numpy"}
    assert "zcp.a" not in sys.modules


def test_what_is_not_followed_is_left_out_with_what_it_alone_imports(write):
    """As a training leaves out what only generates."""
    write(zcw__x_py="", zcw__a_py="from zcw import b, c\n", zcw__b_py="from zcw import d\n", zcw__c_py="", zcw__d_py="")
    assert set(find("zcw.a", without=["zcw.b"]).modules) == {"zcw.a", "zcw.c"}


def test_an_import_that_is_not_installed_is_told_apart_from_one_that_is(write):
    """A module may do otherwise without it."""
    write(zca_py="try:\n    import zsbench_absent_library\nexcept ImportError:\n    pass\n")
    assert find("zca").libraries == {"zsbench_absent_library": "absent"}


def test_a_module_that_is_not_there_is_refused(write):
    """With who names it."""
    with pytest.raises(PluginContractError, match=r"'zsbench_no_such\.module' is not there"):
        find("zsbench_no_such.module")


def test_a_module_without_source_is_refused_with_the_remedy(write):
    """Bytecode alone says nothing that can be compared."""
    folder = write(zcb_py="B = 1\n")
    py_compile.compile(str(folder / "zcb.py"), cfile=str(folder / "zcb.pyc"))
    (folder / "zcb.py").unlink()
    with pytest.raises(PluginContractError, match="has no source"):
        find("zcb")


def test_a_module_that_cannot_be_read_is_refused_with_its_path(write, monkeypatch):
    """Never hashed as unknown."""
    write(zcr_py="R = 1\n")
    plain = Path.read_bytes

    def refuse(path):
        if path.name == "zcr.py":
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(PluginContractError, match=r"zcr\.py: Permission denied"):
        find("zcr")


def test_a_folder_in_place_of_a_module_is_no_module(write):
    """A namespace package without files has no code of its own."""
    (write() / "zcf" / "inner").mkdir(parents=True)
    assert find("zcf").modules == {}


def test_a_compiled_extension_counts_by_its_content(write):
    """Whatever it was made from."""
    name = "zce" + sysconfig.get_config_var("EXT_SUFFIX")
    folder = write()
    (folder / name).write_bytes(b"first build")
    first = find("zce")
    (folder / name).write_bytes(b"second build")
    assert find("zce").digest != first.digest


def test_a_package_that_imports_itself_in_a_circle_is_hashed_once(write):
    """Whoever is asked for."""
    write(zci__init_py="", zci__a_py="import zci.b\n", zci__b_py="from zci import a\n")
    assert find("zci.a").modules == find("zci.b").modules


def test_files_that_a_package_carries_count_and_what_tools_leave_does_not(write):
    """Resources often lie in a package of their own; backups, notes and results of runs are no data."""
    folder = write(zcd__data__words="dog", zcd__a_py="", zcd__assets__other="cat", zcd__README="words")
    for package in ("zcd", "zcd/assets"):
        (folder / package / "__init__.py").write_text("")
    for left in ("a.py~", "a.py.orig", "notes.ipynb", ".hidden"):
        (folder / "zcd" / left).write_text("left")
    (folder / "zcd" / "results" / "1").mkdir(parents=True)
    (folder / "zcd" / "results" / "1" / "run.json").write_text("{}")
    assert set(find("zcd.a").modules) == {"zcd", "zcd.a", "zcd/data/words", "zcd/assets/other"}


def test_modules_that_a_package_lists_are_followed(write):
    """``from package import *`` imports them."""
    write(zcs__part_py="P = 1\n", zcs_user_py="from zcs import *\n")
    (write() / "zcs" / "__init__.py").write_text('__all__ = ["part"]\n')
    assert "zcs.part" in find("zcs_user").modules


def test_a_local_module_before_one_of_python_is_local(write):
    """Whoever stands first on the path is imported."""
    write(chunk_py="C = 1\n", zcl_py="import chunk, json\n")
    assert set(find("zcl").modules) == {"zcl", "chunk"}


def test_a_whole_package_is_taken_for_every_name_but_of_zsbench(write):
    """Its parts may do something when they are imported; those of zsbench do not."""
    write(zcn__one_py="ONE = 1\n", zcn__two_py="", zcu_py="from zcn import ONE\n")
    (write() / "zcn" / "__init__.py").write_text("from zcn.one import ONE\nimport zcn.two\n")
    assert {"zcn.one", "zcn.two"} <= set(find("zcu").modules)
    write(zcz_py="from zsbench.metrics import Signature\n")
    assert "zsbench.metrics.signature" in find("zcz").modules
    assert "zsbench.metrics.scoring" not in find("zcz").modules


def test_hashes_of_unchanged_files_are_remembered_by_path_size_and_time(write, tmp_path, monkeypatch):
    """A second process analyses nothing."""
    folder = write(zcm_py="M = 1\n")
    os.utime(folder / "zcm.py", (1, 1))
    cache = tmp_path / "cache"
    first = CodeHashes(FileHashes(cache)).find(["zcm"])
    monkeypatch.setattr("zsbench.code.closure._analyse", lambda path: pytest.fail(f"{path} is analysed again"))
    assert CodeHashes(FileHashes(cache)).find(["zcm"]) == first
    (folder / "zcm.py").write_text("M = 2\n")
    with pytest.raises(BaseException, match="analysed again"):
        CodeHashes(FileHashes(cache)).find(["zcm"])
