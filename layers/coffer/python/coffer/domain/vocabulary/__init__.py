"""The vocabulary that metadata is written in: managed attributes and subtypes of things.

terms        the two kinds of terms, and what they have in common
keys         how a managed attribute's key is made from its name
values       which values a managed attribute takes
usage        whether metadata uses its terms rightly, and which terms a change uses
editing      creating, changing and deleting terms
"""
