"""The playground: a page on which a network is trained before your eyes.

``python -m skdnn playground`` starts it. A session is a thread that trains the estimators of skdnn,
and sends pictures of them to the page (:mod:`skdnn.playground.session`).
"""
