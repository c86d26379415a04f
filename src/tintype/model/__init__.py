"""The networks of Z-Image in plain PyTorch. Imports nothing else of Tintype.

Reading order: :mod:`~tintype.model.config` (every dimension), :mod:`~tintype.model.layers` (shared parts),
:mod:`~tintype.model.text_encoder`, :mod:`~tintype.model.transformer`, :mod:`~tintype.model.autoencoder` (the three
networks), :mod:`~tintype.model.generation` (text from the text encoder), :mod:`~tintype.model.flow` (the noise maths),
:mod:`~tintype.model.tokenizer` (words to ids).

Attribute names are the checkpoint's tensor names, so loading needs no map.
"""
