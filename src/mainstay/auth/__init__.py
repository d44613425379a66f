"""Who asks. Turns an Authorization or apikey header into a `Principal`, or refuses it with a `Problem`.

It never decides what a principal may do (`policy` does), never reads settings (values are passed in), and never puts
a secret, a token or a claim's value into a text.
"""
