"""Tables as Dask collections."""

import numpy as np
import pandas as pd


def mixed_table(n_rows=400, seed=0):
    """Numbers with missing values, text and categories, and labels of two classes."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "size": random.normal(size=n_rows),
            "age": random.normal(50, 10, size=n_rows),
            "city": random.choice(["Bonn", "Rome", "Oslo"], n_rows),
            "kind": pd.Categorical(random.choice(["a", "b"], n_rows)),
        }
    )
    X.loc[X.index % 7 == 0, "age"] = np.nan
    noise = random.normal(scale=0.3, size=n_rows)
    is_yes = X["size"] + (X["city"] == "Rome") + noise > 0.3
    return X, pd.Series(np.where(is_yes, "yes", "no"), name="label")


def lazy_table(X, y, n_partitions=4, **more):
    """X and y, and further columns, as collections with the same partitions."""
    import dask.dataframe as dd

    columns = list(X.columns)
    whole = dd.from_pandas(X.assign(target=y, **more), npartitions=n_partitions)
    return whole[columns], whole["target"], *(whole[name] for name in more)


def rows_on_workers(client, counts, seed=0):
    """Rows of numbers, of which each worker holds so many, and the addresses of the workers."""
    import dask.array as da
    from distributed import wait

    addresses = sorted(client.nthreads())
    random = np.random.default_rng(seed)
    pieces = [
        client.persist(da.from_array(random.normal(size=(n, 4)), chunks=(n, 4)), workers=[address])
        for n, address in zip(counts, addresses, strict=True)
    ]
    wait(pieces)
    whole = da.concatenate(pieces)
    return whole[:, :3], whole[:, 3], addresses
