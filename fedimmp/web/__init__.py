"""The edges' shared kit: routes, calls, forms, answers, limits, errors and the server itself."""
