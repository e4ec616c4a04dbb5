"""The judge: what may be compared, how it is paired, what differs, what is best, what failed. Decided here alone.

Tables, comparisons, the gate and the leaderboard present what these functions say. All of them take numbers, texts and
arrays; none reads a file. One module answers one question, and this package imports none of them.
"""
