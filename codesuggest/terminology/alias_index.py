"""All aliases as numbers: found in text by bag hashes, found by wording through sparse weights.

An alias is a bag of stems. The hash of a bag is the sum of the 64-bit hashes of its stems, so
order does not matter and the hash of any window of a note is a difference of two prefix sums:
every window of a note is looked up at once, in sorted arrays of a few megabytes that can be
memory-mapped. Near wordings are found by the inverted index of the same bags, weighted by the
stems' rarity.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.errors import ModelDamagedError
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.aliases import SIDES, SOURCES, Alias
from codesuggest.terminology.grouping import flat_rows
from codesuggest.terminology.words import WordForms

__all__ = ["AliasIndex", "stem_hash"]

Array = np.ndarray[Any, Any]
_MASK = (1 << 64) - 1


def stem_hash(stem: str) -> int:
    """Return the 64-bit hash of a stem, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(stem.encode("utf-8"), digest_size=8).digest(), "little")


class AliasIndex:
    """Aliases of all code systems, ready to be found.

    A *bag* is a distinct set of stems; several aliases (of several codes) can share it.

    Attributes
    ----------
    words : list of str
        Vocabulary of stems.
    idf : array of float32, shape (n_words,)
        Rarity of each stem among the bags.
    bag_hash : array of uint64, shape (n_bags,)
        Sorted.
    bag_words : scipy CSR matrix, shape (n_bags, n_words)
        Weights, each row of unit length.
    entry_start : array of int32, shape (n_bags + 1,)
        Where the entries of each bag begin.
    entry_system, entry_row, entry_source, entry_side : arrays, shape (n_entries,)
        What each alias stands for, its position in `SOURCES`, and in `SIDES`.
    """

    def __init__(self, arrays: Mapping[str, Array], words: Sequence[str], forms: WordForms) -> None:
        self.words = list(words)
        self.word_id = {word: i for i, word in enumerate(self.words)}
        self.forms = forms
        self.word_hash: Array = arrays["word_hash"]
        self.idf: Array = arrays["idf"]
        self.bag_hash: Array = arrays["bag_hash"]
        self.entry_start: Array = arrays["entry_start"]
        self.entry_system: Array = arrays["entry_system"]
        self.entry_row: Array = arrays["entry_row"]
        self.entry_source: Array = arrays["entry_source"]
        self.entry_side: Array = arrays["entry_side"]
        #: Bags that are never mentions by themselves: everyday words that nobody codes.
        self.silent: Array = arrays["silent"]
        self._indptr: Array = arrays["indptr"]
        self._indices: Array = arrays["indices"]
        self._arrays = dict(arrays)

    def silence(self, bags: Iterable[int]) -> None:
        """Keep bags from being found in windows; they can still be near."""
        self.silent = np.zeros(len(self), dtype=bool)
        self.silent[list(bags)] = True
        self._arrays["silent"] = self.silent

    def __len__(self) -> int:
        return len(self.bag_hash)

    @property
    def arrays(self) -> Mapping[str, Array]:
        """The arrays under the names that they have on disk."""
        return self._arrays

    # -- building --------------------------------------------------------------------------

    @classmethod
    def build(cls, aliases: Iterable[Alias], forms: WordForms) -> AliasIndex:
        """Build the index; of aliases that say the same, the best source is kept."""
        entries: dict[tuple[str, ...], dict[tuple[int, int], tuple[int, int]]] = defaultdict(dict)
        for alias in aliases:
            bag = tuple(sorted(set(forms.bag(alias.term))))
            if not bag or (len(bag) == 1 and len(bag[0]) < 2):
                continue
            target = (SYSTEMS.index(alias.system), alias.row)
            source, side = SOURCES.index(alias.source), SIDES.index(alias.side)
            known = entries[bag].get(target)
            if known is not None:
                # said of either side, or of none, it holds for all
                source, side = min(source, known[0]), side if side == known[1] else 0
            entries[bag][target] = source, side
        words = sorted({word for bag in entries for word in bag})
        word_id = {word: i for i, word in enumerate(words)}
        hashes = np.array([stem_hash(word) for word in words], dtype=np.uint64)
        bags = list(entries)
        with np.errstate(over="ignore"):
            bag_hash = np.array(
                [np.sum(hashes[[word_id[w] for w in bag]], dtype=np.uint64) for bag in bags],
                dtype=np.uint64,
            )
        order = np.argsort(bag_hash, kind="stable")
        frequency = np.zeros(len(words))
        for bag in bags:
            frequency[[word_id[w] for w in bag]] += 1
        indptr, indices, starts = [0], [], [0]
        flat: list[tuple[int, int, int, int]] = []
        for position in order:
            bag = bags[position]
            indices.extend(sorted(word_id[w] for w in bag))
            indptr.append(len(indices))
            flat.extend(
                (system, row, source, side)
                for (system, row), (source, side) in sorted(
                    entries[bag].items(), key=lambda item: (item[1][0], item[1][1] > 0, item[0])
                )
            )
            starts.append(len(flat))
        systems, rows, sources, sides = (np.array(column) for column in zip(*flat, strict=True))
        return cls(
            {
                "word_hash": hashes,
                "idf": np.log((1 + len(bags)) / (1 + frequency)).astype(np.float32),
                "bag_hash": bag_hash[order],
                "silent": np.zeros(len(order), dtype=bool),
                "indptr": np.array(indptr, dtype=np.int32),
                "indices": np.array(indices, dtype=np.int32),
                "entry_start": np.array(starts, dtype=np.int32),
                "entry_system": systems.astype(np.int8),
                "entry_row": rows.astype(np.int32),
                "entry_source": sources.astype(np.int8),
                "entry_side": sides.astype(np.int8),
            },
            words,
            forms,
        )

    # -- looking up ------------------------------------------------------------------------

    @cached_property
    def bag_words(self) -> Any:
        """Unit-length weights of the bags, CSR."""
        weights = self.idf[self._indices].astype(np.float32)
        matrix = sparse.csr_matrix(
            (weights, self._indices, self._indptr), shape=(len(self), len(self.words))
        )
        return (
            sparse.diags(1 / np.maximum(self.bag_norm, 1e-6)).dot(matrix).tocsr().astype(np.float32)
        )

    @cached_property
    def bag_norm(self) -> Array:
        """Length of each bag's weight vector, before it is set to one."""
        squares = np.add.reduceat(self.idf[self._indices] ** 2, self._indptr[:-1])
        return np.sqrt(squares)

    @cached_property
    def postings(self) -> Any:
        """The same weights by word, CSR of shape (n_words, n_bags)."""
        return self.bag_words.T.tocsr()

    @cached_property
    def bag_size(self) -> Array:
        """Number of stems of each bag."""
        return np.diff(self._indptr)

    def ids(self, stems: Iterable[str]) -> list[int]:
        """Return the vocabulary ids of those stems that are known."""
        return [i for i in map(self.word_id.get, stems) if i is not None]

    @property
    def bag_start(self) -> Array:
        """Where the words of each bag begin in `bag_flat`."""
        return self._indptr

    @property
    def bag_flat(self) -> Array:
        """Word ids of all bags, one after the other."""
        return self._indices

    def bag_ids(self, bag: int) -> Array:
        """Return the word ids of one bag."""
        return self._indices[self._indptr[bag] : self._indptr[bag + 1]]

    def find_bag(self, stems: Iterable[str]) -> int:
        """Return the bag that holds exactly `stems`, or -1."""
        wanted_stems = set(stems)
        ids = self.ids(wanted_stems)
        if not ids or len(ids) < len(wanted_stems):
            return -1
        wanted = np.uint64(sum(self.word_hash[ids].tolist()) & _MASK)
        place = int(self.bag_hash.searchsorted(wanted))
        return place if place < len(self) and self.bag_hash[place] == wanted else -1

    def near(self, queries: Sequence[Sequence[int]], top_k: int) -> list[tuple[Array, Array]]:
        """Find the bags nearest to each query, by the cosine of rarity-weighted stems.

        Parameters
        ----------
        queries : sequence of sequences of word ids
        top_k : int

        Returns
        -------
        list of (bags, cosines)
            Best first, at most `top_k` each.
        """
        indptr = np.cumsum([0, *(len(q) for q in queries)])
        ids = np.array([i for q in queries for i in q], dtype=np.int32)
        weights = self.idf[ids].astype(np.float32)
        matrix = sparse.csr_matrix((weights, ids, indptr), shape=(len(queries), len(self.words)))
        product = (matrix @ self.postings).tocsr()
        out = []
        for row, query in enumerate(queries):
            bags = product.indices[product.indptr[row] : product.indptr[row + 1]]
            scores = product.data[product.indptr[row] : product.indptr[row + 1]]
            norm = float(np.sqrt(np.sum(self.idf[np.array(query, dtype=np.int64)] ** 2))) or 1.0
            scores = scores / norm
            if len(scores) > top_k:
                keep = np.argpartition(-scores, top_k)[:top_k]
                bags, scores = bags[keep], scores[keep]
            order = np.lexsort((bags, -scores))
            out.append((bags[order], scores[order]))
        return out

    def words_of(self, bags: Array) -> tuple[Array, Array]:
        """Return the word ids of several bags, one after the other, and where each begins."""
        return flat_rows(self._indptr, self._indices, bags)

    def entries(self, bag: int) -> range:
        """Return the entries (rows of `entry_system` and so on) of one bag, best source first."""
        return range(int(self.entry_start[bag]), int(self.entry_start[bag + 1]))

    # -- persistence -----------------------------------------------------------------------

    def to_disk(self, folder: Path) -> None:
        """Write one ``.npy`` an array (they load memory-mapped) and the vocabulary as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in self._arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        payload = {
            "words": self.words,
            "shorthand": self.forms.shorthand,
            "families": self.forms.families,
        }
        (folder / "words.json").write_text(
            json.dumps(payload, ensure_ascii=False, indent=0), encoding="utf-8"
        )

    @classmethod
    def from_disk(cls, folder: Path) -> AliasIndex:
        """Read what `to_disk` wrote.

        Raises
        ------
        ModelDamagedError
            A file is missing or unreadable.
        """
        try:
            payload = json.loads((folder / "words.json").read_text(encoding="utf-8"))
            arrays = {
                # a memmap's own indexing is slow; a view of it is a plain array on the same pages
                path.stem: np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
                for path in sorted(folder.glob("*.npy"))
            }
            forms = WordForms(payload["shorthand"], payload["families"])
            return cls(arrays, payload["words"], forms)
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise ModelDamagedError(
                f"alias index in {folder.name!r} cannot be read ({type(error).__name__}); "
                "install the model again"
            ) from None
