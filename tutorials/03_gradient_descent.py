r"""
3. Gradient descent
===================

All weights and biases of a network form one long list of numbers :math:`\theta`. The loss is a
function of :math:`\theta`: a landscape with as many dimensions as there are weights. Training
starts at a random point and walks downhill. This chapter draws such landscapes, and the paths of
training on them.
"""

# %%
# A landscape of two weights
# --------------------------
# A linear unit with two inputs: the length and the width of the petals of 150 irises. The target is
# the length of their sepals. All have mean 0 and standard deviation 1, so that the bias stays at 0.
# Only two weights are left, and we can draw the loss over both.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris, make_moons
from sklearn.decomposition import PCA
from sklearn.metrics import log_loss
from sklearn.utils import shuffle

from skdnn import DNNClassifier, DNNRegressor, find_learning_rate

data = shuffle(load_iris().data, random_state=0)
data = (data - data.mean(axis=0)) / data.std(axis=0)
X, y = data[:, [2, 3]], data[:, 0]


def loss(w1, w2):
    """Loss of the linear unit for arrays of weights."""
    error = X[:, 0] * w1[..., None] + X[:, 1] * w2[..., None] - y
    return (error**2).mean(axis=-1) / 2


w1, w2 = np.meshgrid(np.linspace(-2.5, 2.5, 80), np.linspace(-2.5, 2.5, 80))
surface = loss(w1, w2)
best = np.linalg.lstsq(X, y)[0]

fig = plt.figure(figsize=(6, 4.6), layout="constrained")
ax = fig.add_subplot(projection="3d", computed_zorder=False)
ax.plot_surface(w1, w2, surface, cmap="viridis_r", alpha=0.9)
ax.view_init(elev=38, azim=-70)
ax.set(xlabel="weight $w_1$", ylabel="weight $w_2$", zlabel="loss", title="A long valley")
plt.show()

# %%
# The two inputs are highly correlated: raising one weight and lowering the other hardly changes the
# predictions. Therefore the landscape is a valley with steep sides and a nearly flat floor. Such
# valleys are the rule in networks, and the difficulty of training them.
#
# Paths of training
# -----------------
# ``partial_fit`` trains for one epoch. ``coefs_`` can be written to, so that we can start where we
# like. With all rows in one batch (``batch_size=len(X)``) an epoch is a single step.


def descend(solver, rate, n_steps=40, start=(-1.5, -0.5), batch_size=len(X), **parameters):
    """The weights after 0, 1, ..., ``n_steps`` steps, (n_steps + 1, 2)."""
    unit = DNNRegressor.preset("mlp", hidden_layer_sizes=(), batch_size=batch_size, alpha=0)
    unit.set_params(solver="sgd", learning_rate_init=1e-10)
    unit.partial_fit(X[:batch_size], y[:batch_size])  # makes the network; the step has no length
    unit.coefs_[0][:, 0] = start
    unit.intercepts_[0][:] = 0
    unit.set_params(solver=solver, learning_rate_init=rate, **parameters)
    path = [start]
    for step in range(n_steps):
        rows = np.arange(step * batch_size, (step + 1) * batch_size) % len(X)
        unit.partial_fit(X[rows], y[rows])
        path.append(unit.coefs_[0][:, 0].copy())
    return np.array(path)


def draw(ax, path, title, color="tab:orange"):
    ax.contourf(w1, w2, surface, levels=np.geomspace(0.1, 16, 20), cmap="viridis_r")
    ax.plot(*path.T, "o-", color=color, ms=4, lw=1.2, mec="white", mew=0.5)
    ax.set(title=title, xlabel="weight $w_1$", xlim=(-2.5, 2.5), ylim=(-2.5, 2.5))


rates = {0.01: "too low", 0.95: "good", 1.04: "too high"}
paths = {rate: descend("sgd", rate, momentum=0) for rate in rates}
fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), sharey=True, layout="constrained")
for ax, (rate, path) in zip(axes, paths.items(), strict=True):
    draw(
        ax, path, f"learning rate {rate}: {rates[rate]}\nloss after 40 steps {loss(*path[-1]):.3f}"
    )
axes[0].set_ylabel("weight $w_2$")
fig.colorbar(axes[0].collections[0], ax=axes, label="loss", format="%.1f")
plt.show()

# %%
# With a low rate the path does not reach the floor of the valley. With a good one it crosses the
# valley a few times and then creeps along the floor. Above a certain rate each step overshoots by
# more than the last one: the loss grows without limit.
#
# Momentum and Adam
# -----------------
# *Momentum* remembers the steps so far, like a heavy ball that rolls downhill. With the gradient
# :math:`g_t` of step :math:`t`,
#
# .. math:: v_t = \mu\, v_{t-1} - \eta\, g_t, \qquad \theta_t = \theta_{t-1} + v_t .
#
# The number :math:`\mu`, often 0.9 and here 0.8, says how long it remembers. Steps across the
# valley cancel each other, steps along the floor add up. *Adam* divides the average of the
# gradients of each weight by the root of their mean square (both averages forget old steps):
#
# .. math:: \theta_t = \theta_{t-1} - \eta\,
#           \frac{\mathrm{average}(g)}{\sqrt{\mathrm{average}(g^2)} + \epsilon} .
#
# Its steps are about as long as the learning rate, whether gradients are large or small, so that
# one learning rate is right for many networks. Adam evens out valleys along the axes: weights
# whose inputs have different scales, or that few rows use. Our valley lies between the axes, and
# Adam has no advantage here, but momentum has. ``"adamw"``, the default, is Adam with *weight
# decay*, which chapter 4 explains.
solvers = {
    "SGD": descend("sgd", 0.95, momentum=0),
    "SGD with momentum": descend("sgd", 0.3, momentum=0.8, nesterovs_momentum=False),
    "Adam": descend("adam", 0.15),
}
fig, axes = plt.subplots(1, 4, figsize=(13, 3.6), layout="constrained")
for ax, (name, path) in zip(axes, solvers.items(), strict=False):
    draw(ax, path, name)
    excess = loss(*path.T) - loss(*best)
    axes[3].semilogy(excess, label=name, lw=2)
axes[0].set_ylabel("weight $w_2$")
axes[3].set(xlabel="step", title="loss above the lowest point")
axes[3].legend()
plt.show()

# %%
# Batches
# -------
# So far each step has read all rows. *Stochastic* gradient descent (SGD) estimates the gradient
# from a few rows, a *batch*, and makes many more steps for the same work. The estimate has noise:
# near the lowest point the path trembles, and does so less if the learning rate falls. All of
# these paths read all rows three times.
batch_paths = {
    size: descend("sgd", 0.2, n_steps=3 * len(X) // size, batch_size=size, momentum=0)
    for size in (len(X), 30, 5)
}
fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), sharey=True, layout="constrained")
for ax, (size, path) in zip(axes, batch_paths.items(), strict=True):
    draw(ax, path, f"batches of {size} rows\nloss {loss(*path[-1]):.3f}")
axes[0].set_ylabel("weight $w_2$")
plt.show()

# %%
# The landscape of a network
# --------------------------
# A network with hidden layers has many more weights: 105 for 2-8-8-1. We cannot see 105
# dimensions, but we can cut through them along a plane. The best plane for a path of training is
# that of the two directions in which it extends most, which a principal component analysis (PCA)
# finds [1]_.
X_moons, y_moons = make_moons(200, noise=0.2, random_state=0)


def parameters(network):
    """All weights and biases as a vector."""
    return np.concatenate([array.ravel() for array in network.coefs_ + network.intercepts_])


def loss_at(theta, network):
    """Training loss of the network with the weights and biases ``theta``."""
    start = 0
    for array in [*network.coefs_, *network.intercepts_]:
        array[:] = theta[start : start + array.size].reshape(array.shape)
        start += array.size
    return log_loss(y_moons, network.predict_proba(X_moons))


network = DNNClassifier.preset(
    "mlp",
    hidden_layer_sizes=(8, 8),
    activation="tanh",
    learning_rate_init=0.02,
    batch_size=50,
    random_state=0,
)
thetas, losses = [], []
for _ in range(150):
    network.partial_fit(X_moons, y_moons, classes=[0, 1])
    thetas.append(parameters(network))
    losses.append(log_loss(y_moons, network.predict_proba(X_moons)))

pca = PCA(2).fit(thetas)
path = pca.transform(thetas)
print(f"share of the path's variance in the plane: {pca.explained_variance_ratio_.sum():.0%}")

low, high = path.min(axis=0), path.max(axis=0)
a, b = np.meshgrid(*np.linspace(low - 0.6 * (high - low), high + 0.6 * (high - low), 40).T)
plane = pca.inverse_transform(np.c_[a.ravel(), b.ravel()])
landscape = np.reshape([loss_at(theta, network) for theta in plane], a.shape)

fig = plt.figure(figsize=(11, 4.6), layout="constrained")
ax = fig.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)
ax.plot_surface(a, b, landscape, cmap="viridis_r", alpha=0.9)
ax.plot(*path.T, losses, color="tab:orange", lw=2)
ax.view_init(elev=40, azim=-60)
ax.set(xlabel="first direction", ylabel="second direction", zlabel="log-loss")
ax = fig.add_subplot(1, 2, 2)
levels = np.geomspace(landscape.min(), landscape.max(), 20)
contours = ax.contourf(a, b, landscape, levels=levels, cmap="viridis_r")
ax.plot(*path.T, "o-", color="tab:orange", ms=3, lw=1)
ax.plot(*path[0], "s", color="black", label="after the first epoch")
ax.set(xlabel="first direction", ylabel="second direction", title="The same from above")
ax.legend()
fig.colorbar(contours, label="log-loss", format="%.2g")
plt.show()

# %%
# Landscapes of networks have many valleys: exchange two units of a layer, and you get
# another network that predicts the same. Where training ends depends on its random start. This is
# why the ensemble of several networks, the default of skdnn, is better than one.
#
# How to choose a learning rate
# -----------------------------
# :func:`skdnn.find_learning_rate` makes a short test: it trains with a learning rate that grows
# from step to step, and returns one at which the loss falls quickly. From there try rates three
# times as high and as low. Schedules (``learning_rate="cosine"``) begin with a high rate and
# lower it, which calms the trembling that we have seen.
display = find_learning_rate(network, X_moons, y_moons, random_state=0)
fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
display.plot(ax)
plt.show()

# %%
# Try
# ---
# * Start ``descend`` at other points. Which starts are hard for SGD, and why not for Adam?
# * Which is the highest rate at which SGD still arrives? Compare it with 2 divided by the largest
#   eigenvalue of ``X.T @ X / len(X)``.
# * Multiply the second column of ``X`` by 5. What happens to the valley? Inputs are scaled for it,
#   which ``DNNRegressor()`` does by itself.
# * Train the network on the moons with another ``random_state``, and draw its landscape.
#
# References
# ----------
# .. [1] H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, *Visualizing the Loss Landscape of Neural
#    Nets*, 2018, https://arxiv.org/abs/1712.09913
