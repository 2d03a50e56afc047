"""What all workers know of the rows of all workers before training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Summary:
    """A sample of the rows of all workers, the same for each of them.

    Kinds, categories, scales and bins of the columns, the classes and the initial weights are
    learned from it. Everything else (numbers of rows, sums of the weights of the classes, mean,
    deviation and range of the targets) is exact: the workers add it up when they begin to train.

    Attributes
    ----------
    X : data frame or array of shape (n_sampled, n_columns)
        At most 200,000 rows, drawn from all rows of positive weight, those that will be held out
        included, with the columns and dtypes of the rows of the workers. They must contain every
        category of every column, a missing value of each column that has one, and every class (of
        positive weight). The rows with the least and greatest number of a column may be among them.
    y : (n_sampled,) or (n_sampled, n_targets) array
        Their targets, as the user gave them.
    sample_weight : (n_sampled,) array or None
        Positive: the sample weight of a row times the number of rows that it stands for, in any
        unit. So rows that are added for their rare categories count little. None if all are equal.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None = None
