import hypothesis

hypothesis.settings.register_profile("anwang", deadline=None)
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.load_profile("anwang")
