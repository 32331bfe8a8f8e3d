# The map form needs its list.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     network: { alow: [ example.org ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:14: 'network' of job 'build' has no 'allow'
!         network: { alow: [ example.org ] }
!                  ^
! slipway.yaml:5:16: unknown key 'alow' in 'network' of job 'build'; did you mean 'allow'?
!         network: { alow: [ example.org ] }
!                    ^
= 1
