// ObliviousHTTP
