"""A small HTTP service that predicts with an ONNX graph, without skdnn, scikit-learn and Numba.

A classifier is trained on the table of tabular.py, exported, and compared with its graph. The class
``Scorer`` is all that a service needs: it reads the columns from the graph and takes rows as JSON.
By default some requests are sent and timed; with ``--serve`` the service keeps running.
"""

import json
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import onnxruntime
import pandas as pd
from _common import parse_args, print_table, timed_fit
from sklearn.model_selection import train_test_split
from tabular import make_claims

from skdnn import DNNClassifier
from skdnn.export import check, to_onnx

MEGABYTE = 2**20


class Scorer:
    """Predictions for rows as dicts, by an ONNX graph; needs onnxruntime and NumPy alone."""

    #: Type in the graph -> dtype of the array, types of a value, and their name.
    types = {
        "double": (np.float64, (int, float), "a number"),
        "int64": (np.int64, (int,), "an integer"),
        "string": (object, (str,), "text"),
    }

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a row is too little work for several
        self.session = onnxruntime.InferenceSession(str(path), options)
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.columns = json.loads(metadata["columns"])
        self.classes = json.loads(metadata["classes"])

    def predict(self, rows):
        """Class and probabilities of each row; None is a missing value."""
        label, probabilities = self.session.run(["label", "probabilities"], self.inputs(rows))
        names = [str(each) for each in self.classes]
        return [
            {"label": own, "probabilities": dict(zip(names, row, strict=True))}
            for own, row in zip(label.tolist(), probabilities.tolist(), strict=True)
        ]

    def inputs(self, rows):
        """An array (n_rows, 1) for each column, of exactly the type that the graph has."""
        names = {each["name"] for each in self.columns}
        for row in rows:
            if row.keys() != names:
                raise ValueError(f"A row must have the columns {sorted(names)}. Got {sorted(row)}.")
        return {column["name"]: self.array(column, rows) for column in self.columns}

    def array(self, column, rows):
        dtype, accepted, noun = self.types[column["type"]]
        values = [row.get(column["name"]) for row in rows]
        for value in values:
            if value is not None and not isinstance(value, accepted):
                raise ValueError(f"Column {column['name']!r} must be {noun}. Got {value!r}.")
        # Neither text nor integers have a missing value: the graph says what stands for it.
        values = [column["missing"] if value is None else value for value in values]
        return np.array(values, dtype=dtype).reshape(-1, 1)


class Handler(BaseHTTPRequestHandler):
    """``POST /predict`` with a row as a JSON object, or a list of rows."""

    scorer: Scorer
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True  # header and body are two packets; the second does not wait

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if length > MEGABYTE:
            self.close_connection = True
            return self.answer(413, {"error": "The rows have more than a megabyte."})
        body = self.rfile.read(length)
        if self.path != "/predict":
            return self.answer(404, {"error": "There is /predict only."})
        try:
            try:
                rows = json.loads(body)
            except ValueError as error:
                raise ValueError(f"The body is not JSON: {error}.") from error
            is_one = isinstance(rows, dict)
            found = self.scorer.predict([rows] if is_one else rows)
        except (AttributeError, OverflowError, TypeError, ValueError) as error:
            return self.answer(400, {"error": str(error)})
        self.answer(200, found[0] if is_one else found)

    def do_GET(self):
        self.answer(405, {"error": "POST a row as JSON to /predict."})

    def answer(self, status, content):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def train_and_export(n_rows, folder):
    """Train, export, compare; return the model, its test rows and the path of the graph."""
    X_train, X_test, y_train, _ = train_test_split(*make_claims(n_rows), random_state=0)
    model = DNNClassifier(random_state=0)
    seconds = timed_fit(model, X_train, y_train)
    graph = to_onnx(model)
    difference = check(model, graph, X_test)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "claims.onnx"
    path.write_bytes(graph.SerializeToString())
    print(f"Trained on {len(X_train)} rows in {seconds:.1f} s")
    print(f"Graph: {path}, {path.stat().st_size / 1e6:.2f} MB")
    print(f"Largest difference on {len(X_test)} test rows: {difference:.1e}")
    return model, X_test, path


def as_json(X):
    """Rows of a table as dicts, None where a value is missing."""
    return X.astype(object).where(X.notna(), None).to_dict("records")


def post(connection, content):
    connection.request("POST", "/predict", json.dumps(content).encode())
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def milliseconds(call, items):
    """Median and 95 % quantile of the time that ``call`` takes for an item."""
    times = []
    for item in items:
        start = time.perf_counter()
        call(item)
        times.append(1e3 * (time.perf_counter() - start))
    return np.percentile(times, [50, 95])


def try_service(model, X, scorer, port):
    """Send a few rows to the service, compare the answers, and measure the time of each part."""
    connection = HTTPConnection("127.0.0.1", port)
    rows = as_json(X)
    status, found = post(connection, rows)
    assert status == 200, found
    probabilities = np.array([list(each["probabilities"].values()) for each in found])
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-5)
    status, found = post(connection, {**rows[0], "region": 5})
    print(f"\nA wrong row: {status} {found['error']}")

    inputs = [scorer.inputs([row]) for row in rows]
    singles = [X[i : i + 1] for i in range(len(X))]
    calls = {
        "HTTP request": (lambda row: post(connection, row), rows),
        "graph by onnxruntime": (lambda each: scorer.session.run(None, each), inputs),
        "model.predict_proba": (model.predict_proba, singles),
    }
    table = [{"one row": name, **timed(*call)} for name, call in calls.items()]
    connection.close()
    return pd.DataFrame(table)


def timed(call, items):
    call(items[0])
    median, high = milliseconds(call, items)
    return {"median ms": median, "95 % ms": high}


def main(argv=None):
    args = parse_args(__doc__, argv, rows=8_000, requests=200, port=0, serve=False)
    model, X_test, path = train_and_export(args.rows, args.output)
    scorer = Scorer(path)
    handler = type("ClaimsHandler", (Handler,), {"scorer": scorer})
    with ThreadingHTTPServer(("127.0.0.1", args.port), handler) as server:
        port = server.server_port
        if args.serve:
            row = json.dumps(as_json(X_test[:1])[0])
            print(f"\ncurl -d '{row}' http://127.0.0.1:{port}/predict")
            print("Ctrl-C ends the service.", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                return None
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            table = try_service(model, X_test[: args.requests], scorer, port)
        finally:
            server.shutdown()
            thread.join()
    print()
    print_table(table)
    return table


if __name__ == "__main__":
    main()
