"""The runner: drives cases on a rig and writes down what happened. It judges nothing itself."""
