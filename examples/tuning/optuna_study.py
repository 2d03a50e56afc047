"""
Tuning with Optuna
==================

Optuna proposes parameters by what earlier trials have found, and ends trials that promise little.
:func:`~skdnn.suggest_params` draws the parameters of a trial from the same spaces that
scikit-learn's searches use.
"""

import logging

import numpy as np
import optuna
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split

from skdnn import DNNRegressor, search_space, suggest_params

optuna.logging.set_verbosity(logging.WARNING)
X, X_test, y, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)

# %%
# The space can be changed: here, sizes of the network by hand, and dropout of the inputs in
# addition.

model = DNNRegressor(n_members=1, max_iter=15, random_state=0)
space = search_space(model)
space["hidden_layer_sizes"] = [(16,), (64,), (64, 64)]
space["input_dropout"] = [0.0, 0.1, 0.2]

# %%
# A trial trains epoch by epoch, reports, and is pruned if it is worse than the median of the
# others.


def objective(trial):
    network = clone(model).set_params(**suggest_params(trial, space))
    errors = []
    for epoch in range(network.max_iter):
        network.partial_fit(X_train, y_train)
        errors.append(root_mean_squared_error(y_val, network.predict(X_val)))
        trial.report(errors[-1], epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return errors[-1]


study = optuna.create_study(
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=5),
)
study.optimize(objective, n_trials=25)
pruned = [trial for trial in study.trials if trial.state.name == "PRUNED"]
print(f"{len(study.trials)} trials, {len(pruned)} of them pruned")

# %%
# A finished trial returns its own parameters. The final network has four members, and all rows.

best = suggest_params(study.best_trial, space)
print({name: round(each, 4) if isinstance(each, float) else each for name, each in best.items()})
final = clone(model).set_params(n_members=4, **best).fit(X, y)
default = clone(model).set_params(n_members=4).fit(X, y)
errors = {
    name: root_mean_squared_error(y_test, network.predict(X_test))
    for name, network in {"defaults": default, "tuned": final}.items()
}
print({name: round(error, 1) for name, error in errors.items()})

# %%
# The curves of all trials, and the best value so far. The test set has 111 rows: its error is a
# rough measure.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for trial in study.trials:
    is_pruned = trial.state.name == "PRUNED"
    values = list(trial.intermediate_values.values())
    color = "lightgray" if is_pruned else "tab:blue"
    left.plot(
        range(1, len(values) + 1), values, color=color, zorder=1 if is_pruned else 2, alpha=0.7
    )
left.set(title="Trials (gray: pruned)", xlabel="epoch", ylabel="validation error", ylim=(50, 85))
done = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
numbers, values = [trial.number for trial in done], [trial.value for trial in done]
right.plot(numbers, values, "o", label="finished trial")
right.step(
    numbers, np.minimum.accumulate(values), where="post", color="tab:orange", label="best so far"
)
right.set(title="Search", xlabel="trial", ylabel="validation error of the last epoch")
right.legend()
plt.show()
