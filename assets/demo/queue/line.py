"""Who is served next."""


class Line:
    def __init__(self):
        self.waiting = []

    def join(self, name):
        self.waiting.append(name)

    def next(self):
        return self.waiting.pop()
