"""What a network is: plain Python descriptions, no training and no estimator."""
