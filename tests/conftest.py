from hypothesis import settings

settings.register_profile("steady", deadline=None)  # a busy machine is not a wrong answer
settings.load_profile("steady")
