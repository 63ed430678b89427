"""`make bench`."""

from tests.bench.run import main

main()
