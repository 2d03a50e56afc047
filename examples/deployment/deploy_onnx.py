"""
An HTTP service with an ONNX graph
==================================

:func:`~skdnn.export.to_onnx` writes a graph with an input for each column. A service then needs
onnxruntime and NumPy alone: neither skdnn nor scikit-learn nor Numba. The class ``Scorer`` below is
all of it; Python's own HTTP server stands for the framework of your choice.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import numpy as np
import onnxruntime
import pandas as pd
from matplotlib import pyplot as plt

from skdnn import DNNClassifier
from skdnn.export import check, to_onnx

# %%
# Train, export, and compare the graph with the model.

rng = np.random.default_rng(0)
X = pd.DataFrame({"age": rng.integers(18, 90, 2000), "city": rng.choice(["Rome", "Oslo"], 2000)})
X["income"] = rng.lognormal(8, 1, 2000)
y = np.where((X["age"] > 50) == (X["city"] == "Oslo"), "yes", "no")
X.loc[::10, "city"] = None
model = DNNClassifier(random_state=0).fit(X, y)
graph = to_onnx(model)
difference = check(model, graph, X)
print(f"{graph.ByteSize() / 1e6:.2f} MB, largest difference of probabilities {difference:.0e}")

# %%
# The graph says which columns there are, of which type, and what stands for a missing value:
# neither text nor integers have one.


class Scorer:
    types = {"double": np.float64, "int64": np.int64, "string": object}

    def __init__(self, graph):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a row is too little work for several
        self.session = onnxruntime.InferenceSession(graph, options)
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.columns, self.classes = (json.loads(metadata[key]) for key in ("columns", "classes"))

    def inputs(self, row):
        arrays = {}
        for column in self.columns:
            value = row[column["name"]]
            value = column["missing"] if value is None else value
            arrays[column["name"]] = np.array([[value]], self.types[column["type"]])
        return arrays

    def predict(self, row):
        probabilities = self.session.run(["probabilities"], self.inputs(row))[0][0]
        return dict(zip(self.classes, probabilities.tolist(), strict=True))


class Handler(BaseHTTPRequestHandler):
    scorer = Scorer(graph.SerializeToString())

    def do_POST(self):
        try:
            row = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = 200, self.scorer.predict(row)
        except (KeyError, TypeError, ValueError) as error:
            status, answer = 400, {"error": repr(error)}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


# %%
# A row as JSON, null for a missing value, and the time of each way of asking.

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/predict"
row = {"age": 64, "city": None, "income": 3000.0}
with urlopen(url, json.dumps(row).encode()) as response:
    answer = json.load(response)
print(f"curl -d '{json.dumps(row)}' {url}\n{answer}")
frame, inputs = pd.DataFrame([row]).astype(X.dtypes), Handler.scorer.inputs(row)
calls = {
    "HTTP request": lambda: urlopen(url, json.dumps(row).encode()).read(),
    "model.predict_proba": lambda: model.predict_proba(frame),
    "graph by onnxruntime": lambda: Handler.scorer.session.run(None, inputs),
}
times = {}
for name, call in calls.items():
    times[name] = []
    for _ in range(100):
        start = time.perf_counter()
        call()
        times[name].append(1000 * (time.perf_counter() - start))
server.shutdown()
server.server_close()
print("Median milliseconds", pd.DataFrame(times).median().round(2).to_string(), sep="\n")

# %%

figure, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
ax.boxplot(times.values(), orientation="horizontal", tick_labels=list(times), showfliers=False)
ax.set(xscale="log", xlabel="milliseconds for one row", title="100 calls")
plt.show()
