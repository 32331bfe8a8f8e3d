# What can be wrong before the file is read, and reading from standard input.
# schema: n/a: no file
< slipway: 1
< project: demo
< jobs: { build: { steps: [ { run: make } ] } }
$ slipway check -
> - is good: project 'demo', jobs: 1, streams: 0, targets: 0
$ slipway check
! slipway: cannot read pipeline 'slipway.yaml': cannot open 'slipway.yaml': No such file or directory
= 1
$ slipway check one two
! slipway: too many arguments for 'check': wanted: check [FILE]
! hint: see 'slipway help check'
= 2
$ slipway check --json missing.yaml
> {
>   "error": {
>     "code": "not-found",
>     "message": "cannot read pipeline 'missing.yaml': cannot open 'missing.yaml': No such file or directory"
>   }
> }
! slipway: cannot read pipeline 'missing.yaml': cannot open 'missing.yaml': No such file or directory
= 1
