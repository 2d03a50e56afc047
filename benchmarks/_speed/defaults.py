"""Estimators with their defaults, as their users have them: seed and threads are all that is set.

LightGBM, CatBoost and pytabkit are imported where they are used: nothing here needs them.
"""

import os
from importlib.util import find_spec

from joblib import cpu_count
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from skdnn import DNNClassifier, DNNRegressor

#: Peers and the module that each of them needs.
MODULES = {"hgb": "sklearn", "lightgbm": "lightgbm", "catboost": "catboost", "realmlp": "pytabkit"}


def is_installed(name):
    return name not in MODULES or find_spec(MODULES[name]) is not None


def n_threads():
    """What histogram gradient boosting and skdnn take by themselves."""
    return int(os.environ.get("OMP_NUM_THREADS") or cpu_count())


def default(is_regression, seed):
    return (DNNRegressor if is_regression else DNNClassifier)(random_state=seed)


def best(is_regression, seed):
    model = DNNRegressor if is_regression else DNNClassifier
    return model.preset("best", random_state=seed)


def hgb(is_regression, seed, **options):
    """Columns of the dtype "category" are categories by themselves."""
    model = HistGradientBoostingRegressor if is_regression else HistGradientBoostingClassifier
    return model(random_state=seed, **options)


def lightgbm(is_regression, seed):
    import lightgbm

    model = lightgbm.LGBMRegressor if is_regression else lightgbm.LGBMClassifier
    return model(random_state=seed, n_jobs=n_threads(), verbose=-1)


def catboost(is_regression, seed, categories=()):
    import catboost

    model = catboost.CatBoostRegressor if is_regression else catboost.CatBoostClassifier
    return model(
        cat_features=list(categories), random_seed=seed, thread_count=n_threads(), verbose=0,
        allow_writing_files=False,
    )  # fmt: skip


def realmlp(is_regression, seed):
    """RealMLP-TD; it takes no missing numbers."""
    import pytabkit

    model = pytabkit.RealMLP_TD_Regressor if is_regression else pytabkit.RealMLP_TD_Classifier
    return model(device="cpu", random_state=seed, n_threads=n_threads())
