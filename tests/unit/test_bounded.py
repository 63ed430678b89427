"""A mapping that cannot grow: what was unused for longest goes."""

from bot.bounded import Bounded


def test_what_was_unused_for_longest_goes() -> None:
    """To get an entry is to use it."""
    it: Bounded[str, int] = Bounded(2)
    it.put("a", 1)
    it.put("b", 2)
    assert it.get("a") == 1
    it.put("c", 3)
    assert (it.get("a"), it.get("b"), it.get("c")) == (1, None, 3)


def test_an_entry_put_again_counts_once() -> None:
    """With its new value."""
    it: Bounded[str, int] = Bounded(2)
    for value in range(5):
        it.put("a", value)
    it.put("b", 0)
    assert (it.get("a"), it.get("b")) == (4, 0)


def test_entries_may_weigh_more_than_one() -> None:
    """As many go as make room; what is heavier than all of it is not kept, and nothing is owed afterwards."""
    it: Bounded[str, int] = Bounded(5, weigh=len)
    it.put("aa", 1)
    it.put("bb", 2)
    it.put("ccc", 3)
    assert (it.get("aa"), it.get("bb"), it.get("ccc")) == (None, 2, 3)
    it.put("dddddd", 4)
    assert (it.get("bb"), it.get("ccc"), it.get("dddddd")) == (None, None, None)
    it.put("aa", 1)
    it.put("ccc", 3)
    assert (it.get("aa"), it.get("ccc")) == (1, 3)
