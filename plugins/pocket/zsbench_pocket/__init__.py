"""The embedded world of zsbench: small images, captions, an encoder and a language model, made offline."""
