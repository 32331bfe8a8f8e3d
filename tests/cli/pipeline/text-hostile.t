# Control characters never reach the terminal.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     executor: "\e[31mred\a"
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:15: 'executor' cannot be '\x1B[31mred\x07'; known are: sandbox, host, vm, command
!         executor: "\e[31mred\a"
!                   ^
= 1
