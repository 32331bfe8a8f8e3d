# A glob that can never fit.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     when: { branch: [ /main, "!/dev" ], paths: [ ./src ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:23: 'branch': cannot use glob '/main': empty part at column 1
!         when: { branch: [ /main, "!/dev" ], paths: [ ./src ] }
!                           ^
! slipway.yaml:5:30: 'branch': cannot use glob '/dev': empty part at column 1
!         when: { branch: [ /main, "!/dev" ], paths: [ ./src ] }
!                                  ^
! slipway.yaml:5:50: 'paths': cannot use glob './src': '.' or '..' at column 1
!         when: { branch: [ /main, "!/dev" ], paths: [ ./src ] }
!                                                      ^
= 1
