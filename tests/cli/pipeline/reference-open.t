# A ${ that is never closed.
# schema: accepts: a schema does not look into text
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     env: { A: "${tag" }
|     steps: [ { run: make, env: { B: "${a b}" } } ]
$ slipway check
! slipway.yaml:5:16: '${' is never closed; a literal one is written '$${'
!         env: { A: "${tag" }
!                    ^
! slipway.yaml:6:38: a name in '${…}' has only letters, digits, '.', '_' and '-'
!         steps: [ { run: make, env: { B: "${a b}" } } ]
!                                          ^
= 1
