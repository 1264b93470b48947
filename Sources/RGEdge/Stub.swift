// RGEdge
