// KernelsDotProd
