"""Estimators with the defaults of scikit-learn's MLP, whatever those of the constructors are."""

from skdnn import DNNClassifier, DNNRegressor


def mlp(cls, hidden_layer_sizes=(100,), activation="relu", **parameters):
    return cls.preset(
        "mlp", hidden_layer_sizes=hidden_layer_sizes, activation=activation, **parameters
    )


def mlp_classifier(*args, **parameters):
    return mlp(DNNClassifier, *args, **parameters)


def mlp_regressor(*args, **parameters):
    return mlp(DNNRegressor, *args, **parameters)
