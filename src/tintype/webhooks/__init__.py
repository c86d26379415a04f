"""Results on their way to those who asked to be called: what is sent, to which addresses, how often.

Knows HTTP as a client only. What a job is answered with comes from the composition root.
"""
