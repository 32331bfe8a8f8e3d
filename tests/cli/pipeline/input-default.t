# A default outside the choices.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| inputs: { level: { default: slow, choices: [ fast, full ], help: x } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:29: the default 'slow' of input 'level' is not among its choices
!     inputs: { level: { default: slow, choices: [ fast, full ], help: x } }
!                                 ^
! slipway.yaml:3:60: unknown key 'help' in input 'level'; known are: type, description, default, choices
!     inputs: { level: { default: slow, choices: [ fast, full ], help: x } }
!                                                                ^
= 1
