"""Names whose codes are known: near ones vote for their codes, categories and kin.

"Meckel syndrome 4" is coded like "Meckel syndrome 1", and acronyms of one family ("BDPLT9",
"BDPLT16") share their letters. Names are kept as hashed features, not as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.ranking.word_likeness import SIZE, WordLikeness

__all__ = ["OWN", "NameMemory"]

Array = np.ndarray[Any, Any]

#: Group of names that we wrote ourselves: they vote, and say nothing of how common codes are.
OWN = -1
#: Near names that vote.
_VOTERS = 40
_LEAST = 0.1


def name_vectors(names: Sequence[Sequence[str]], likeness: WordLikeness) -> Any:
    """Return unit-length feature vectors of names given as stems, CSR of shape (n, SIZE)."""
    words = {w: i for i, w in enumerate(dict.fromkeys(w for name in names for w in name))}
    held = sparse.csr_matrix(
        (
            np.ones(sum(map(len, names)), np.float32),
            np.array([words[w] for name in names for w in name], dtype=np.int32),
            np.cumsum([0, *map(len, names)]),
        ),
        shape=(len(names), len(words)),
    )
    vectors = (held @ likeness.vectors(list(words))).tocsr()
    length = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    return (sparse.diags(1 / np.maximum(length, 1e-6)) @ vectors).tocsr().astype(np.float32)


class NameMemory:
    """Coded names, one entry a name and code.

    Parameters
    ----------
    arrays : mapping
        ``data``, ``indices``, ``indptr`` of the names' vectors; ``row`` of each name's code;
        ``group`` of each name (names of one disease share it).
    """

    FIELDS = ("data", "indices", "indptr", "row", "group")

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.arrays = {name: arrays[name] for name in self.FIELDS}
        self.row = arrays["row"].astype(np.int64)
        self.group = arrays["group"].astype(np.int64)
        self._features = (
            sparse.csr_matrix(
                (arrays["data"].astype(np.float32), arrays["indices"], arrays["indptr"]),
                shape=(len(self.row), SIZE),
            )
            .T.tocsr()
            .astype(np.float32)
        )

    @classmethod
    def build(
        cls,
        names: Sequence[Sequence[str]],
        rows: Sequence[int],
        groups: Sequence[int],
        likeness: WordLikeness,
    ) -> NameMemory:
        """Remember names (as stems), the rows of their codes and their groups."""
        vectors = name_vectors(names, likeness)
        return cls(
            {
                "data": vectors.data.astype(np.float16),
                "indices": vectors.indices.astype(np.int32),
                "indptr": vectors.indptr.astype(np.int32),
                "row": np.array(rows, dtype=np.int32),
                "group": np.array(groups, dtype=np.int32),
            }
        )

    def near(
        self,
        names: Sequence[Sequence[str]],
        likeness: WordLikeness,
        own: Sequence[int] | None = None,
    ) -> tuple[Array, Array, Array]:
        """Return near names as arrays: number of the query, remembered name, cosine.

        Parameters
        ----------
        own : sequence of int, optional
            The group of each query; its names do not vote. Training asks so.
        """
        product = (name_vectors(names, likeness) @ self._features).tocsr()
        numbers, found, scores = [], [], []
        for number in range(len(names)):
            part = slice(product.indptr[number], product.indptr[number + 1])
            name, score = product.indices[part], product.data[part]
            keep = score >= _LEAST
            if own is not None:
                keep &= self.group[name] != own[number]
            name, score = name[keep], score[keep]
            if len(name) > _VOTERS:
                top = np.argpartition(-score, _VOTERS)[:_VOTERS]
                name, score = name[top], score[top]
            order = np.lexsort((name, -score))
            numbers.append(np.full(len(order), number))
            found.append(name[order])
            scores.append(score[order])
        return (
            np.concatenate(numbers) if numbers else np.zeros(0, np.int64),
            np.concatenate(found) if found else np.zeros(0, np.int64),
            np.concatenate(scores) if scores else np.zeros(0, np.float32),
        )
