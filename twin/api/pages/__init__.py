"""The service as pages for a person: rendered here, in one language, without a program and without an address of another host.

What they show are the documents that programs get, so that a page can say nothing that its reader may not know. Every value is
escaped where it enters (`frame.text`), every style is a class of the one style sheet, whose hash is all the content policy allows.
"""
