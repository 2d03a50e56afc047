// A guided tour: settings, and what to look at.

const both = ["x1", "x2"];

export const LESSONS = [
  { title: "No hidden layer: a line",
    text: "Without a hidden layer the network weighs both inputs and adds them up: the border between its classes is a straight line. Two clouds need no more. Train, then choose the circle: no line separates it.",
    settings: { data: "gauss", hidden: [], noise: 0.1 } },
  { title: "Exclusive or",
    text: "A point is blue if both coordinates have the same sign. No line does that, but a hidden layer draws several lines and combines them. Look at the map of each unit: each has learned one edge. How few units are enough?",
    settings: { data: "xor", hidden: [4], noise: 0.05 } },
  { title: "Overfitting and dropout",
    text: "Sixty training points, a fifth of them with a wrong label, and a large network: it learns the wrong labels by heart. The training loss falls, the test loss rises. Then set Dropout to 0.3, or add a penalty: the border becomes smooth, and the test loss stays low.",
    settings: { data: "moons", n_samples: 200, train_share: 0.3, label_noise: 0.2, noise: 0.15,
      hidden: [8, 8, 8], learning_rate_init: 0.01, activation: "relu", test: true } },
  { title: "A learning rate that is too high",
    text: "Each step overshoots: the loss jumps up and down, and the map flickers. Lower the learning rate tenfold and train again. Or keep it, and choose the schedule “cosine” with 200 epochs: large steps first, small ones at the end.",
    settings: { data: "circle", hidden: [8, 8], learning_rate_init: 1, activation: "tanh", max_iter: 200 } },
  { title: "The spiral",
    text: "The hardest of the classic data sets, from the plain coordinates alone. Two layers of eight units learn it in some hundred epochs: units of the first layer are edges, those of the second are bent. Watch how the arms grow from the inside out.",
    settings: { data: "spiral", hidden: [8, 8], learning_rate_init: 0.01, activation: "tanh",
      batch_size: 10, n_samples: 1000, speed: 2 } },
  { title: "Batch normalization",
    text: "Six layers of logistic units: the signal fades on its way, and training stands still. Set Normalization to “batch”: each unit gets mean 0 and variance 1 over the batch, and the same network learns.",
    settings: { data: "circle", hidden: [6, 6, 6, 6, 6, 6], activation: "logistic", batch_size: 20,
      learning_rate_init: 0.01 } },
  { title: "Members: an ensemble",
    text: "Four networks with different initial weights learn the same points. Each border is different where there are no points; their mean is smoother. The last small map shows where they disagree: there the prediction is not to be trusted. Click a member to see its units.",
    settings: { data: "moons", n_samples: 100, noise: 0.15, hidden: [8, 8], n_members: 4, activation: "relu",
      learning_rate_init: 0.01 } },
  { title: "Embeddings of numbers",
    text: "The target is a wave along x₁. A small network of plain numbers learns it slowly. Set Embedding to “bins” (a number is split at its quantiles) or “waves” (learned periodic functions): the same network now learns the waves at once.",
    settings: { data: "waves", hidden: [4], features: both, learning_rate_init: 0.01, n_samples: 1000 } },
];
