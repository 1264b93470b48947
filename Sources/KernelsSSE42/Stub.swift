// KernelsSSE42
