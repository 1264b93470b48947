// KernelsAVXVNNI
