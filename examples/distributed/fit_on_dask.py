"""
Fit on a Dask data frame
========================

The rows of a lazy table stay with the workers of a cluster. Each trains on its own, and their
parameters are averaged every few steps. Here the cluster is two threads of this process; with
``Client("tcp://scheduler:8786")`` it is many machines.
"""

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
from distributed import Client
from matplotlib import pyplot as plt
from sklearn.metrics import log_loss

from skdnn import DNNClassifier
from skdnn.distributed import DaskDNNClassifier

client = Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0")

# %%
# A table in eight partitions, as it would be read from a folder of files, with a category and
# missing values.


@dask.delayed
def partition(seed):
    random = np.random.default_rng(seed)
    n_rows = 500
    table = pd.DataFrame(
        {
            "age": random.uniform(18, 80, n_rows),
            "income": random.lognormal(10, 0.6, n_rows),
            "city": random.choice(["Bonn", "Oslo", "Rome"], n_rows),
        }
    )
    risk = (table["age"] - 45) ** 2 / 400 + (table["city"] == "Rome") - table["income"] / 40_000
    table["buys"] = np.where(risk + random.logistic(scale=0.3, size=n_rows) > 0.3, "yes", "no")
    table.loc[random.random(n_rows) < 0.1, "income"] = np.nan
    return table


table = dd.from_delayed([partition(seed) for seed in range(8)])
columns = ["age", "income", "city"]
model = DaskDNNClassifier(max_iter=24, random_state=0).fit(table[columns], table["buys"])

# %%
# Predictions are lazy, and have the index of the table.

test = partition(100).compute()
proba = model.predict_proba(dd.from_pandas(test[columns], npartitions=2))
print(proba.head())

# %%
# One process with all rows is the measure. ``to_local`` gives the plain estimator, which needs no
# cluster.

rows = table.compute()
one = DNNClassifier(max_iter=24, random_state=0).fit(rows[columns], rows["buys"])
losses = {
    "two workers": log_loss(test["buys"], proba.compute()),
    "one process": log_loss(test["buys"], one.predict_proba(test[columns])),
}
print(losses)
local = model.to_local()
print(type(local).__name__, local.predict(test[columns])[:5])

client.close()

# %%
fig, ax = plt.subplots()
ax.plot(model.history_["epoch"], model.loss_curve_, label="two workers")
ax.plot(one.history_["epoch"], one.loss_curve_, label="one process")
ax.set(xlabel="epoch", ylabel="training loss")
ax.legend()
plt.show()
