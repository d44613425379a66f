"""All 336,776 flights that left New York City in 2013: real data, as dirty as real data is."""
