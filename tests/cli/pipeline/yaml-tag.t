# Tags are refused.
# schema: accepts: the parser has resolved tags before the schema looks
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     timeout: !!str 1m
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:14: tags ('!name') are not allowed
!         timeout: !!str 1m
!                  ^
= 1
