"""The only door to git.

`location` finds the work tree a path lies in, `index` asks and tells git what it tracks, ignores
and stages, `settings` reads git's configuration, `history` reads what was committed.

Two roads lead to git. The index, ignore rules and everything that depends on the user's settings
go through the user's own git program, which knows all of its formats and does nothing that git
would not do by itself. What was committed is read with pygit2, in this process: thousands of
commits in a second. pygit2 takes 60 ms to import, so only functions that read history load it.

Paths are relative to the root of a repository of ours, with `/` between their parts; a name that
is not UTF-8 carries lone surrogates, as everywhere in Python. Bytes that git reads or writes for
us pass through the filters and hooks that the user configured for git itself (`git add` runs clean
filters, for example); nothing else that a repository's own configuration names is ever run.
"""
