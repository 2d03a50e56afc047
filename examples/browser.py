"""Two web pages that predict without Python: a form for a table, and a canvas for digits.

Both are single files that work from disk without a network. The form has the columns of the table
of drivers (``tabular.py``), and shows the effect of each on the probability of a claim. What is
drawn on the canvas is recognized by a network that is trained here on scikit-learn's digits, or on
MNIST if there is a file of it, as in ``mnist.py``. Open the pages with any browser.
"""

import numpy as np
import pandas as pd
from _common import fixed_epochs, load_mnist, parse_args, print_table, timed_fit
from mnist import make_networks
from sklearn.model_selection import train_test_split
from tabular import make_claims

from skdnn import DNNClassifier
from skdnn.export import to_html


def shifted(images, y):
    """The images, and those moved by a pixel to the left and to the right.

    A page centers drawings to a pixel, which is much in an image of 8 x 8.
    """
    moved = [np.roll(images, shift, axis=2) for shift in (-1, 0, 1)]
    return np.concatenate(moved).reshape(-1, images[0].size), np.tile(y, 3)


def make_recognizer(epochs):
    """The second network of ``mnist.py`` with fewer units: the page is smaller."""
    network = make_networks((epochs, epochs))["512 ReLU, RMSprop"]
    return network.set_params(hidden_layer_sizes=(256,), random_state=0)


def write_form(path, n_rows):
    """Page of a classifier of drivers; its row of the table."""
    X_train, X_test, y_train, y_test = train_test_split(*make_claims(n_rows), random_state=0)
    model = DNNClassifier(random_state=0)
    seconds = timed_fit(model, X_train, y_train)
    title = "Will this driver make a claim?"
    to_html(model, path, X=X_test, title=title, target_names=["no claim", "claim"])
    return seconds, model.score(X_test, y_test)


def write_canvas(path, mnist):
    """Page of a network that recognizes digits; its row of the table."""
    X_train, X_test, y_train, y_test = load_mnist(mnist)
    side = int(np.sqrt(X_train.shape[1]))
    model = make_recognizer(epochs=5 if mnist else 30)
    X, y = shifted(X_train.reshape(-1, side, side), y_train) if side < 20 else (X_train, y_train)
    with fixed_epochs():
        seconds = timed_fit(model, X, y)
    to_html(model, path, X=X_train, title="Draw a digit", image_shape=(side, side))
    return seconds, model.score(X_test, y_test)


def main(argv=None):
    args = parse_args(__doc__, argv, mnist=True, rows=8_000)
    args.output.mkdir(parents=True, exist_ok=True)
    pages = {
        args.output / "drivers.html": lambda path: write_form(path, args.rows),
        args.output / "digits.html": lambda path: write_canvas(path, args.mnist),
    }
    rows = []
    for path, write in pages.items():
        seconds, accuracy = write(path)
        size = path.stat().st_size / 1e6
        rows.append([path.name, accuracy, seconds, size])
    table = pd.DataFrame(rows, columns=["page", "test accuracy", "fit seconds", "megabytes"])
    print_table(table)
    print("\nOpen in a browser:")
    for path in pages:
        print(f"  {path.resolve()}")
    return table


if __name__ == "__main__":
    main()
