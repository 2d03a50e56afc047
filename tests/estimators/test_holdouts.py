"""Members with rows of their own: what each is trained on, judged by, and keeps."""

import numpy as np
import pytest
from mlp import mlp
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators import _fit
from skdnn.estimators._data import n_holdouts

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

each_class = pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])


def data(cls, n_rows=200):
    X, y = (load_breast_cancer if cls is DNNClassifier else load_diabetes)(return_X_y=True)
    return scale(X[:n_rows]), y[:n_rows] if cls is DNNClassifier else scale(y[:n_rows])


def make(cls, **params):
    defaults = {"n_members": 3, "early_stopping": True, "max_iter": 12, "batch_size": 16,
                "learning_rate_init": 0.02, "random_state": 0, "dtype": "float64",
                "n_iter_no_change": np.inf, "tol": 0.0}  # fmt: skip
    return mlp(cls, (6,), **{**defaults, **params})


@pytest.fixture
def parts(monkeypatch):
    """What the members of the last fit were trained on and judged by."""
    seen, split_data = [], _fit.split_data

    def spy(*args):
        seen[:] = split_data(*args)
        return seen

    monkeypatch.setattr(_fit, "split_data", spy)
    return seen


def alone(model, member):
    """An estimator of one member of another."""
    single = make(type(model), n_members=1).set_params(early_stopping=False, max_iter=1)
    X, y = data(type(model))
    single.fit(X, y)
    single._network.values[...] = model._network.part(slice(member, member + 1)).values
    return single


def score(cls, y, prediction, weights=None):
    metric = accuracy_score if cls is DNNClassifier else r2_score
    return metric(y, prediction, sample_weight=weights)


@each_class
def test_every_member_holds_out_rows_of_its_own(cls, parts):
    X, y = data(cls)
    make(cls, validation_fraction=0.2).fit(X, y)
    assert len(parts) == 3
    for part in parts:
        assert part.held_out.y.size == 40
        rows = np.concatenate([part.training.rows, part.held_out.rows])
        assert sorted(rows) == list(range(200))
    held_out = [frozenset(part.held_out.rows.tolist()) for part in parts]
    assert len(set(held_out)) == 3


@each_class
def test_the_first_member_is_that_of_a_single_one(cls):
    X, y = data(cls)
    params = {"calibration": None} if cls is DNNClassifier else {}
    single, several = make(cls, n_members=1, **params).fit(X, y), make(cls, **params).fit(X, y)
    for one, all_of_them in zip(single.coefs_, several.coefs_, strict=True):
        np.testing.assert_array_equal(all_of_them[0], one)


@each_class
def test_every_member_keeps_its_own_best_epoch(cls, parts):
    """Without early stopping, after so many epochs on the same rows, it has the same weights."""
    X, y = data(cls)
    model = make(cls).fit(X, y)
    own = [
        score(cls, part.held_out.y, alone(model, i).predict(X[part.held_out.rows]))
        for i, part in enumerate(parts)
    ]
    best = [each.best for each in model._progress.stopping]
    np.testing.assert_allclose(own, best, rtol=1e-9)
    epochs = [make(cls, max_iter=n).fit(X, y).validation_scores_[-1] for n in (1, 5, 12)]
    np.testing.assert_allclose(epochs, np.array(model.validation_scores_)[[0, 4, 11]], rtol=1e-12)
    # No epoch is better for a member than the one that was kept.
    assert np.mean(best) >= max(model.validation_scores_) - 1e-12


@each_class
def test_scores_are_means_over_the_members(cls, parts):
    X, y = data(cls)
    weights = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    model = make(cls, max_iter=1).fit(X, y, sample_weight=weights)
    own = [
        score(cls, p.held_out.y, alone(model, i).predict(X[p.held_out.rows]), p.held_out.weights)
        for i, p in enumerate(parts)
    ]
    assert model.best_validation_score_ == pytest.approx(np.mean(own), rel=1e-9)


@each_class
def test_training_ends_when_no_member_improves(cls):
    X, y = data(cls)
    model = make(cls, n_iter_no_change=2, max_iter=300, tol=1e-3).fit(X, y)
    assert 3 < model.n_iter_ < 300
    counts = [each.count for each in model._progress.stopping]
    assert min(counts) == 3
    assert len(model.validation_scores_) == len(model.validation_loss_curve_) == model.n_iter_


@each_class
def test_given_rows_judge_all_members_together(cls):
    X, y = data(cls)
    params = {"calibration": None} if cls is DNNClassifier else {}
    model = make(cls, **params).fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    assert len(model._progress.stopping) == 1
    assert model.best_validation_score_ == pytest.approx(model.score(X[150:], y[150:]))


@each_class
def test_the_last_splits_of_a_splitter_in_turn(cls, parts):
    X, y = data(cls)
    splits = list(KFold(3).split(X))
    make(cls, n_members=4, validation_fraction=KFold(3), max_iter=1).fit(X, y)
    for part, (train, held_out) in zip(parts, [*splits[::-1], splits[-1]], strict=True):
        np.testing.assert_array_equal(part.training.rows, train)
        np.testing.assert_array_equal(part.held_out.rows, held_out)
    rows = np.where(np.arange(len(y)) < 150, -1, 0)
    make(cls, validation_fraction=PredefinedSplit(rows), max_iter=1).fit(X, y)
    assert all((part.held_out.rows >= 150).all() for part in parts)


@pytest.mark.parametrize("fraction", [0.3, GroupKFold(4)])
@each_class
def test_groups_stay_together(cls, fraction, parts):
    X, y = data(cls)
    groups = np.arange(len(y)) % 10
    make(cls, validation_fraction=fraction, max_iter=1).fit(X, y, groups=groups)
    for part in parts:
        assert not set(groups[part.training.rows]) & set(groups[part.held_out.rows])
    assert len({frozenset(groups[part.held_out.rows]) for part in parts}) > 1


@each_class
def test_parts_of_different_sizes(cls):
    """A splitter may give one member more rows, and steps, than another."""
    X, y = data(cls)
    fold = np.repeat([0, 1, 2], [100, 60, 40])
    model = make(cls, validation_fraction=PredefinedSplit(fold)).fit(X, y)
    assert np.isfinite(model.validation_scores_).all()
    same = make(cls, validation_fraction=PredefinedSplit(fold), n_jobs=2).fit(X, y)
    assert same._network.values.tobytes() == model._network.values.tobytes()


@each_class
def test_a_split_without_rows_is_named(cls):
    X, y = data(cls)
    weights = np.where(np.arange(len(y)) < 150, 1.0, 0.0)
    fold = np.where(np.arange(len(y)) < 150, -1, 0)
    model = make(cls, validation_fraction=PredefinedSplit(fold))
    with pytest.raises(ValueError, match=r"PredefinedSplit.* leaves no row to validate with"):
        model.fit(X, y, sample_weight=weights)


# ---------------------------------------------------------------- rare classes


def rare_data(counts, seed=0):
    y = np.repeat(np.arange(len(counts)), counts)
    X = np.random.default_rng(seed).normal(size=(y.size, 3)) + y[:, None]
    return X, np.array([f"class {label:02}" for label in y])


def held_out_of(parts, code):
    """The held-out rows of a class, for each member."""
    return [set(part.held_out.rows[part.held_out.y == code].tolist()) for part in parts]


@pytest.mark.parametrize("counts", [(196, 4), (120, 76, 4)])
def test_members_share_the_rows_of_a_rare_class(counts, parts):
    X, y = rare_data(counts)
    make(DNNClassifier, n_members=4, max_iter=1).fit(X, y)
    rare = held_out_of(parts, len(counts) - 1)
    assert [len(rows) for rows in rare] == [1] * 4
    assert len(set.union(*rare)) == n_holdouts(4) == 2
    for part in parts:
        assert part.held_out.y.size == 20
        assert sorted([*part.training.rows, *part.held_out.rows]) == list(range(200))


def test_of_two_classes_every_hold_out_has_both(parts):
    X, y = rare_data((198, 2))
    make(DNNClassifier, n_members=4, max_iter=1).fit(X, y)
    assert [len(rows) for rows in held_out_of(parts, 1)] == [1] * 4
    assert all((part.training.y == 1).sum() == 1 for part in parts)


def test_rows_of_many_rare_classes_are_trained_on(parts):
    """Every member knows all classes, and holds out half a row of each that has two."""
    X, y = rare_data([150] + [2] * 24 + [1])
    make(DNNClassifier, n_members=4, max_iter=1).fit(X, y)
    for part in parts:
        assert set(part.training.y) == set(range(26))
        assert (part.held_out.y > 0).sum() == 12
    assert not set.union(*held_out_of(parts, 25))


def test_rare_labels_are_shared_too(parts):
    X, _ = rare_data((200,))
    Y = np.column_stack([np.arange(200) % 2, np.arange(200) < 4, np.arange(200) >= 5])
    make(DNNClassifier, n_members=4, max_iter=1, scoring="roc_auc").fit(X, Y.astype(int))
    for part in parts:
        assert part.held_out.y[:, 1].sum() == 1
        assert (part.held_out.y[:, 2] == 0).sum() >= 1
        assert part.training.y[:, 1].sum() == 3


def test_a_row_without_weight_is_not_of_a_rare_class(parts):
    X, y = rare_data((190, 10))
    weights = np.ones(200)
    weights[192:] = 0
    make(DNNClassifier, n_members=2, max_iter=1).fit(X, y, weights)
    assert set.union(*held_out_of(parts, 1)) == {190, 191}


@pytest.mark.filterwarnings("ignore:The number of unique classes:UserWarning")
@pytest.mark.parametrize("n_members", [1, 4])
def test_labels_that_are_there_once(n_members):
    X = np.random.default_rng(0).normal(size=(120, 3))
    model = make(DNNClassifier, n_members=n_members, max_iter=2).fit(X, np.arange(120))
    assert np.isfinite(model.validation_scores_).all()


class Splits:
    """A splitter that gives what it is told."""

    def __init__(self, *splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        yield from self.splits

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.splits)


@pytest.mark.parametrize(("split", "message"), [
    ((range(50), [50, 60]), "below the number of rows.*Got the index 60"),
    (([-61, 3], [5]), "Got the index -61"),
    (([0.0, 1.0], [2]), "dtype float64"),
    ((["a"], [2]), "dtype <U1"),
    (([0, 1], [[2], [3]]), r"shape \(2, 1\)"),
    (([[0], [1, 2]], [3]), "dtype object"),
    (([True] * 59, [59]), "shape \\(59,\\) and dtype bool"),
    ((range(50), []), "50 rows to train on and 0 to validate with"),
    ((range(50), range(40, 60)), "10 rows on both sides, row 40"),
    ((range(50),), "two arrays of indices"),
    (3, "two arrays of indices"),
])  # fmt: skip
@each_class
def test_wrong_splits_are_named(cls, split, message):
    X, y = data(cls, 60)
    good = np.arange(40), np.arange(40, 60)
    model = make(cls, n_members=1, validation_fraction=Splits(good, split))
    with pytest.raises(ValueError, match=f"(?s)Split 2 of validation_fraction=.*{message}"):
        model.fit(X, y)


def test_an_error_of_a_splitter_names_the_parameter():
    X, y = data(DNNRegressor, 60)
    for splitter in (KFold(61), PredefinedSplit(np.zeros(100) - (np.arange(100) % 2))):
        with pytest.raises(ValueError, match="validation_fraction="):
            make(DNNRegressor, validation_fraction=splitter).fit(X, y)
