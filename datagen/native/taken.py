"""Things that are taken once: which of those that are still there each row takes."""

import cython


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def up_to(tree: cython.longlong[::1], place: cython.Py_ssize_t) -> cython.longlong:
    """Return how many things are there below a place."""
    count: cython.longlong = 0
    while place > 0:
        count += tree[place]
        place -= place & -place
    return count


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def find(tree: cython.longlong[::1], rank: cython.longlong) -> cython.Py_ssize_t:
    """Return the place of the thing before which there are so many."""
    place: cython.Py_ssize_t = 0
    step: cython.Py_ssize_t = 1
    while 2 * step < tree.shape[0]:
        step *= 2
    while step > 0:
        if place + step < tree.shape[0] and tree[place + step] <= rank:
            place += step
            rank -= tree[place]
        step >>= 1
    return place


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def remove(tree: cython.longlong[::1], there: cython.uchar[::1], place: cython.Py_ssize_t) -> cython.void:
    """Take what is at a place away, if it is still there."""
    if there[place]:
        there[place] = 0
        place += 1
        while place < tree.shape[0]:
            tree[place] -= 1
            place += place & -place


def take(
    low: cython.const[cython.longlong][::1],
    high: cython.const[cython.longlong][::1],
    index: cython.const[cython.double][::1],
    is_share: cython.bint,
    is_once: cython.bint,
    ends: cython.const[cython.longlong][::1],
    over: cython.const[cython.longlong][::1],
    tree: cython.longlong[::1],
    there: cython.uchar[::1],
    taken: cython.longlong[::1],
) -> None:
    """Fill ``taken`` (n,) with the things that rows take, one after the other; -1 where nothing is left for one.

    A row takes one of those from place ``low`` to before ``high`` (n,): the one of an ``index`` (n,) that counts from
    the last one down, or is a share of how many there are. What ``is_once`` taken is gone, and so are, from a row of
    ``ends`` (m,) on, which ascend, the things at places ``over`` (m,). ``there`` (things,) gets which are left. The
    tree (things + 1,) is room: P. Fenwick, A new data structure for cumulative frequency tables, 1994. Raises
    ValueError when places or lengths don't fit.
    """
    row: cython.Py_ssize_t
    place: cython.Py_ssize_t
    ended: cython.Py_ssize_t = 0
    count: cython.longlong
    before: cython.longlong
    chosen: cython.longlong
    fits: cython.bint = len(high) == len(low) == len(index) == len(taken) and len(tree) == len(there) + 1
    fits = fits and len(ends) == len(over)
    if fits:
        for row in range(low.shape[0]):
            fits = fits and 0 <= low[row] <= high[row] < tree.shape[0] and index[row] >= 0.0
        for row in range(over.shape[0]):
            fits = fits and 0 <= over[row] < there.shape[0]
    if not fits:
        raise ValueError("things that there are not, or columns of other lengths")
    with cython.nogil:
        for place in range(1, tree.shape[0]):
            tree[place] = place & -place
            there[place - 1] = 1
        for row in range(low.shape[0]):
            while ended < ends.shape[0] and ends[ended] <= row:
                remove(tree, there, over[ended])
                ended += 1
            before = up_to(tree, low[row])
            count = up_to(tree, high[row]) - before
            if count == 0:
                taken[row] = -1
                continue
            chosen = count - 1
            if is_share:
                chosen = min(chosen, cython.cast(cython.longlong, index[row] * count))
            elif index[row] < chosen:
                chosen = cython.cast(cython.longlong, index[row])
            taken[row] = find(tree, before + count - 1 - chosen)
            if is_once:
                remove(tree, there, taken[row])
