import matplotlib as mpl
import pytest


@pytest.fixture(autouse=True)
def figures_in_memory():
    mpl.use("Agg")
    yield
    from matplotlib import pyplot as plt

    plt.close("all")
