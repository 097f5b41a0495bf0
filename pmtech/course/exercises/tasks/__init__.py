"""The tasks of "Your turn", one file a lesson: `lesson_NN.py` holds `TASKS`."""
