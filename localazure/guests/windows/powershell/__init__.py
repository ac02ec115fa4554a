"""PowerShell as far as scripts for image factories use it: a real grammar, interpreted over a machine's state.

Nothing is matched on whole scripts and nothing is answered without state behind it. What is not known here
ends the script (`gaps.ModelGap`): a script that would work on Windows must not seem to fail, or to succeed.
"""
