import hypothesis

hypothesis.settings.register_profile("anwang", deadline=None)
hypothesis.settings.load_profile("anwang")
