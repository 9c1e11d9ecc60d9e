"""What the coded notes of one site say about wordings, words and codes: counts and weights.

Three tables, none of which holds text:

- `Associations`: which codes a wording stands for here, learned from notes whose codes carry no
  evidence by aligning each code with the mentions of its note (IBM model 1, Brown et al. 1993);
- `TextScores`: a ridge regression from all words of a note to each code;
- `Likeness`: how much a note reads like the site's notes rather than like those that the base
  model learned from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.terminology.alias_index import stem_hash

__all__ = ["Associations", "Likeness", "TextScores", "Words", "gram_hashes", "wording_hash"]

Array = np.ndarray[Any, Any]

_MASK = 0xFFFFFFFFFFFFFFFF
_MASS_OF_NONE = 0.3
_ROUNDS = 6
_RIDGE = 0.2
#: Most notes that the text table holds; of larger corpora it takes a sample.
MOST_NOTES = 3000


def wording_hash(stems: Iterable[str]) -> int:
    """Return the 64-bit hash of a bag of stems."""
    return sum(map(stem_hash, set(stems))) & _MASK


def gram_hashes(stems: Sequence[str]) -> Array:
    """Return the sorted hashes of a note's stems and of neighbouring pairs, uint64."""
    single = np.array([stem_hash(s) for s in stems], dtype=np.uint64)
    with np.errstate(over="ignore"):
        pairs = single[:-1] * np.uint64(0x9E3779B97F4A7C15) + single[1:]
    return np.unique(np.concatenate([single, pairs]))


class Words:
    """A sorted vocabulary of hashes: `of` gives the positions of those that it knows."""

    def __init__(self, hashes: Array) -> None:
        self.hashes = hashes

    @classmethod
    def seen(cls, notes: Sequence[Array], least: int = 2) -> Words:
        """Keep the hashes of at least `least` notes."""
        if not notes:
            return cls(np.zeros(0, np.uint64))
        found, counts = np.unique(np.concatenate(notes), return_counts=True)
        return cls(found[counts >= least])

    def __len__(self) -> int:
        return len(self.hashes)

    def of(self, hashes: Array) -> Array:
        """Return the positions of known hashes, in order."""
        if not len(self.hashes):
            return np.zeros(0, np.int64)
        place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        known: Array = place[self.hashes[place] == hashes]
        return known


class Associations:
    """Probability that a note which says a wording carries a code because of it.

    Attributes
    ----------
    words : Words
    table : CSR matrix, shape (n_wordings, n_codes)
    """

    def __init__(self, words: Words, table: Any) -> None:
        self.words = words
        self.table = table

    @classmethod
    def fit(
        cls,
        wordings: Sequence[Array],
        codes: Sequence[Sequence[int]],
        n_codes: int,
    ) -> Associations:
        """Align the codes of each note with its wordings.

        Parameters
        ----------
        wordings : sequence of uint64 arrays
            Distinct wordings of each note.
        codes : sequence of sequences of int
            Codes of each note.
        n_codes : int
        """
        words = Words.seen(wordings)
        n_notes = max(len(wordings), 1)
        frequency = np.zeros(len(words))
        prior = np.zeros(n_codes)
        keys, groups, floors = [], [], []
        n_groups = 0
        for note, coded in zip(wordings, codes, strict=True):
            known, own = words.of(note), np.array(sorted(set(coded)), dtype=np.int64)
            frequency[known] += 1
            prior[own] += 1
            if not len(known) or not len(own):
                continue
            keys.append((known[None, :] * n_codes + own[:, None]).ravel())
            groups.append(np.repeat(np.arange(len(own)) + n_groups, len(known)))
            floors.append(own)
            n_groups += len(own)
        if not keys:
            return cls(words, sparse.csr_matrix((len(words), n_codes)))
        pairs, pair = np.unique(np.concatenate(keys), return_inverse=True)
        group = np.concatenate(groups)
        # a code that is common everywhere needs no wording to explain it
        none = _MASS_OF_NONE * prior[np.concatenate(floors)] / n_notes + 1e-4
        wording, code = np.divmod(pairs, n_codes)
        chance = np.ones(len(pairs))
        for _ in range(_ROUNDS):
            mass = chance[pair]
            share = mass / (np.bincount(group, mass, n_groups) + none)[group]
            chance = np.bincount(pair, share, len(pairs)) / (frequency[wording] + 1.0)
        kept = chance > 0.01
        table = sparse.csr_matrix(
            (chance[kept].astype(np.float32), (wording[kept], code[kept])),
            shape=(len(words), n_codes),
        )
        return cls(words, table)

    def of(self, wording: int) -> tuple[Array, Array]:
        """Return the codes of one wording and how likely each is."""
        found = self.words.of(np.array([wording], dtype=np.uint64))
        if not len(found):
            return np.zeros(0, np.int64), np.zeros(0)
        start, stop = self.table.indptr[found[0]], self.table.indptr[found[0] + 1]
        return self.table.indices[start:stop], self.table.data[start:stop]

    def to_arrays(self) -> dict[str, Array]:
        """Return plain arrays."""
        return {
            "wordings": self.words.hashes,
            "data": self.table.data,
            "indices": self.table.indices,
            "indptr": self.table.indptr,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], n_codes: int) -> Associations:
        """Read what `to_arrays` gave."""
        table = sparse.csr_matrix(
            (arrays["data"], arrays["indices"], arrays["indptr"]),
            shape=(len(arrays["wordings"]), n_codes),
        )
        return cls(Words(arrays["wordings"]), table)


class TextScores:
    """Ridge regression from a note's words and word pairs to codes, in its dual form.

    Attributes
    ----------
    words : Words
    weights : array, shape (n_words,)
        Rarity.
    notes : CSR matrix, shape (n_notes, n_words)
        Unit rows of the notes learned from.
    dual : array of float16, shape (n_notes, n_codes)
    mean : array, shape (n_codes,)
    """

    def __init__(self, words: Words, weights: Array, notes: Any, dual: Array, mean: Array) -> None:
        self.words, self.weights, self.notes = words, weights, notes
        self.dual, self.mean = dual, mean

    @classmethod
    def fit(cls, grams: Sequence[Array], labels: Any, seed: int = 0) -> tuple[TextScores, Array]:
        """Fit, and return the scores that each note gets from the others.

        Parameters
        ----------
        grams : sequence of uint64 arrays
        labels : CSR matrix, shape (n_notes, n_codes)

        Returns
        -------
        TextScores
        array of float32, shape (n_notes, n_codes)
            Leave-one-out scores (in closed form) of the notes the table holds; plain scores of
            those it does not.
        """
        n = len(grams)
        chosen = list(range(n))
        if n > MOST_NOTES:
            drawn = np.random.default_rng(seed).choice(n, MOST_NOTES, replace=False)
            chosen = sorted(drawn.tolist())
        words = Words.seen([grams[i] for i in chosen])
        frequency = np.zeros(len(words))
        for i in chosen:
            frequency[words.of(grams[i])] += 1
        weights = np.log((len(chosen) + 1) / np.maximum(frequency, 1)).astype(np.float32)
        table = cls(words, weights, None, np.zeros((0, labels.shape[1])), np.zeros(labels.shape[1]))
        rows = table._rows([grams[i] for i in chosen])
        target = np.asarray(labels[chosen].todense(), dtype=np.float64)
        mean = target.mean(axis=0)
        kernel = (rows @ rows.T).toarray().astype(np.float64)
        inverse = np.linalg.inv(kernel + _RIDGE * np.eye(len(chosen)))
        dual = inverse @ (target - mean)
        table.notes, table.dual, table.mean = rows, dual.astype(np.float16), mean
        scores = np.empty((n, labels.shape[1]), np.float32)
        scores[chosen] = target - dual / np.diag(inverse)[:, None]
        for i in sorted(set(range(n)).difference(chosen)):
            scores[i] = table(grams[i])
        return table, scores

    def _rows(self, grams: Sequence[Array]) -> Any:
        found = [self.words.of(g) for g in grams]
        indptr = np.cumsum([0, *map(len, found)])
        indices = np.concatenate(found) if found else np.zeros(0, np.int64)
        values = self.weights[indices]
        norms = [float(np.sqrt((self.weights[f] ** 2).sum())) or 1.0 for f in found]
        scale = np.repeat(1 / np.array(norms, np.float32), np.diff(indptr))
        return sparse.csr_matrix(
            (values * scale, indices, indptr), shape=(len(grams), len(self.words))
        )

    def __call__(self, grams: Array) -> Array:
        """Return the scores of all codes for one note."""
        alike = (self._rows([grams]) @ self.notes.T).toarray().ravel()
        near = np.flatnonzero(alike)
        scores: Array = alike[near] @ self.dual[near].astype(np.float32) + self.mean
        return scores

    def to_arrays(self) -> dict[str, Array]:
        """Return plain arrays."""
        return {
            "words": self.words.hashes,
            "weights": self.weights,
            "data": self.notes.data.astype(np.float16),
            "indices": self.notes.indices.astype(np.int32),
            "indptr": self.notes.indptr.astype(np.int32),
            "dual": self.dual,
            "mean": self.mean,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> TextScores:
        """Read what `to_arrays` gave."""
        words = Words(arrays["words"])
        notes = sparse.csr_matrix(
            (arrays["data"].astype(np.float32), arrays["indices"], arrays["indptr"]),
            shape=(len(arrays["indptr"]) - 1, len(words)),
        )
        return cls(words, arrays["weights"], notes, arrays["dual"], arrays["mean"])


class Likeness:
    """Mean log ratio of a note's words between the site's notes and the base model's.

    Above 0 a note reads like the site's. Without base notes it is always 0.

    Attributes
    ----------
    words : Words
    site, base : arrays of int, shape (n_words,)
        In how many notes each word stands.
    n_site, n_base : int
    """

    def __init__(self, words: Words, site: Array, base: Array, n_site: int, n_base: int) -> None:
        self.words, self.site, self.base = words, site, base
        self.n_site, self.n_base = n_site, n_base

    @classmethod
    def fit(cls, site: Sequence[Array], base: Sequence[Array]) -> Likeness:
        """Count the words of both."""
        words = Words.seen([*site, *base], 3)
        counts = []
        for notes in (site, base):
            count = np.zeros(len(words), np.int32)
            for grams in notes:
                count[words.of(grams)] += 1
            counts.append(count)
        return cls(words, counts[0], counts[1], len(site), len(base))

    def __call__(self, grams: Array, own: str = "") -> float:
        """Return the likeness; `own` (``"site"`` or ``"base"``) takes the note itself out."""
        known = self.words.of(grams)
        if not self.n_base or not self.n_site or not len(known):
            return 0.0
        site = self.site[known] - (own == "site")
        base = self.base[known] - (own == "base")
        ratio = np.log((site + 0.5) / (self.n_site + 1)) - np.log((base + 0.5) / (self.n_base + 1))
        return float(ratio.mean())

    def to_arrays(self) -> dict[str, Array]:
        """Return plain arrays."""
        sizes = np.array([self.n_site, self.n_base])
        return {"words": self.words.hashes, "site": self.site, "base": self.base, "sizes": sizes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Likeness:
        """Read what `to_arrays` gave."""
        n_site, n_base = map(int, arrays["sizes"])
        return cls(Words(arrays["words"]), arrays["site"], arrays["base"], n_site, n_base)
