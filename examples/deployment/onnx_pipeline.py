"""
A pipeline as one ONNX graph
============================

:func:`skdnn.export.register` teaches `sklearn-onnx <https://onnx.ai/sklearn-onnx/>`_ to convert the
estimators inside a pipeline. The steps before the network become a part of the graph. They compute
in the type of its input, which matters.
"""

import numpy as np
import onnxruntime
import pandas as pd
import skl2onnx
from matplotlib import pyplot as plt
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import DNNClassifier
from skdnn.export import onnx_inputs, register, to_onnx

# %%
# A sensor of air pressure: small changes of a large number. In float32, neighbors of 101,325 are
# 0.008 apart.

rng = np.random.default_rng(0)
X = np.column_stack([101_325 + rng.normal(0, 0.02, 1000), rng.uniform(-10, 30, 1000)])
y = (X[:, 0] - 101_325) * 50 + X[:, 1] / 10 - 1 + rng.logistic(0, 0.3, 1000) > 0
pipeline = make_pipeline(StandardScaler(), DNNClassifier(random_state=0)).fit(X, y)
expected = pipeline.predict_proba(X)[:, 1]

# %%
# The same pipeline with an input in float32 and in float64.

register()
found = {}
for name, kind, dtype in (
    ("float32", FloatTensorType, np.float32),
    ("float64", DoubleTensorType, np.float64),
):
    graph = skl2onnx.to_onnx(
        pipeline, initial_types=[("X", kind([None, 2]))], options={"zipmap": False}, target_opset=18
    )
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    found[name] = session.run(["probabilities"], {"X": X.astype(dtype)})[0][:, 1]

# %%
# The network needs no scaler before it: alone it is exported by :func:`~skdnn.export.to_onnx`, and
# :func:`~skdnn.export.onnx_inputs` makes the inputs of its graph from any table.

alone = DNNClassifier(random_state=0).fit(X, y)
session = onnxruntime.InferenceSession(to_onnx(alone).SerializeToString())
answer = session.run(["probabilities"], onnx_inputs(alone, X))[0][:, 1]
differences = {name: np.abs(values - expected).max() for name, values in found.items()}
differences["without pipeline"] = np.abs(answer - alone.predict_proba(X)[:, 1]).max()
print("Largest difference of the probabilities to those of the estimator")
print(pd.Series(differences).to_string(float_format="{:.0e}".format))

# %%

figure, axes = plt.subplots(1, 2, figsize=(9, 4.4), sharey=True, layout="constrained")
for ax, (name, values) in zip(axes, found.items(), strict=True):
    ax.axline((0, 0), slope=1, color="lightgray")
    ax.scatter(expected, values, s=6)
    ax.set(title=f"Input of the graph in {name}", xlabel="probability, pipeline", aspect="equal")
axes[0].set_ylabel("probability, graph")
plt.show()
