"""What a learner is asked to do: to predict, answer, sort, talk, build; and how it is marked."""
